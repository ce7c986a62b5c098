"""Django's own views, with stored answers."""

from django.http import HttpResponse
from django.urls import path
from stored import HELLO, ITEM, ITEMS

JSON = "application/json"


def hello(request):
    return HttpResponse(HELLO, JSON)


def items(request):
    if request.method == "POST":
        return HttpResponse(ITEM, JSON, 201)
    return HttpResponse(ITEMS, JSON)


def item(request, pk):
    return HttpResponse(ITEM, JSON)


urlpatterns = [path("hello", hello), path("items/", items), path("items/<pk>", item)]
