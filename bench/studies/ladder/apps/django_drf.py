"""REST framework's views, with stored answers: no serializer, and nothing is rendered."""

from django.http import HttpResponse
from django.urls import path
from rest_framework.views import APIView
from stored import HELLO, ITEM, ITEMS

JSON = "application/json"


class Hello(APIView):
    def get(self, request):
        return HttpResponse(HELLO, JSON)


class Items(APIView):
    def get(self, request):
        return HttpResponse(ITEMS, JSON)

    def post(self, request):
        return HttpResponse(ITEM, JSON, 201)


class OneItem(APIView):
    def get(self, request, pk):
        return HttpResponse(ITEM, JSON)


urlpatterns = [
    path("hello", Hello.as_view()),
    path("items/", Items.as_view()),
    path("items/<pk>", OneItem.as_view()),
]
