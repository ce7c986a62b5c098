"""The same, with the stack's own checks of what comes in."""

from django.http import HttpResponse
from django.urls import path, register_converter
from stored import ITEM

from config.urls import DigitsConverter
from django_drf import JSON, Hello, Items, OneItem
from items.serializers import ItemSerializer

register_converter(DigitsConverter, "checked")


class CheckedItems(Items):
    def post(self, request):
        ItemSerializer(data=request.data).is_valid(raise_exception=True)
        return HttpResponse(ITEM, JSON, 201)


urlpatterns = [
    path("hello", Hello.as_view()),
    path("items/", CheckedItems.as_view()),
    path("items/<checked:pk>", OneItem.as_view()),
]
