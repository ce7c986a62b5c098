"""The seven routes."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from items import views


class ItemIdConverter(IntConverter):
    regex = "[0-9]{1,18}"  # a longer number can name no row


register_converter(ItemIdConverter, "item_id")

urlpatterns = [
    path("hello", views.hello),
    path("echo", views.echo),
    path("items/", views.ItemList.as_view()),
    path("items/<item_id:pk>", views.ItemDetail.as_view()),
]
handler404 = views.not_found
handler500 = "rest_framework.exceptions.server_error"
