"""The same by the ORM in place of the driver; what it makes of rows is not answered."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, register_converter
from rest_framework.views import APIView
from stored import ITEM, ITEMS

from config.urls import DigitsConverter
from django_drf import JSON, Hello
from items.models import Item
from items.serializers import ItemSerializer

register_converter(DigitsConverter, "checked")


class Items(APIView):
    def get(self, request):
        list(Item.objects.order_by("id"))
        return HttpResponse(ITEMS, JSON)

    def post(self, request):
        serializer = ItemSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        Item.objects.create(**serializer.validated_data)
        return HttpResponse(ITEM, JSON, 201)


class OneItem(APIView):
    def get(self, request, pk):
        get_object_or_404(Item, pk=pk)
        return HttpResponse(ITEM, JSON)


urlpatterns = [
    path("hello", Hello.as_view()),
    path("items/", Items.as_view()),
    path("items/<checked:pk>", OneItem.as_view()),
]
