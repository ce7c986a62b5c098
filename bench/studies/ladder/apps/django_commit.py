"""The same, and what is written is committed."""

from django.http import HttpResponse
from django.urls import path, register_converter
from driver import insert, select_all, select_one
from rest_framework.views import APIView
from stored import ITEM, ITEMS

from config.urls import DigitsConverter
from django_drf import JSON, Hello
from items.serializers import ItemSerializer

register_converter(DigitsConverter, "checked")


class Items(APIView):
    def get(self, request):
        select_all()
        return HttpResponse(ITEMS, JSON)

    def post(self, request):
        serializer = ItemSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        insert(serializer.validated_data, commits=True)
        return HttpResponse(ITEM, JSON, 201)


class OneItem(APIView):
    def get(self, request, pk):
        select_one(pk)
        return HttpResponse(ITEM, JSON)


urlpatterns = [
    path("hello", Hello.as_view()),
    path("items/", Items.as_view()),
    path("items/<checked:pk>", OneItem.as_view()),
]
