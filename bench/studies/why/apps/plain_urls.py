"""Hello by Django alone; all else is the stack's."""

from django.http import JsonResponse
from django.urls import path

from config.urls import handler404, handler500, urlpatterns  # noqa: F401  Django looks for them


def hello(request):
    return JsonResponse({"message": "Hello, World!"})


urlpatterns = [path("hello", hello), *urlpatterns[1:]]
