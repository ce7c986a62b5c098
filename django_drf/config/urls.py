"""Four paths for the seven routes."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from items import views


class DigitsConverter(IntConverter):
    regex = "[0-9]{1,18}"  # 18 digits always fit in 64 bits


register_converter(DigitsConverter, "digits")

urlpatterns = [
    path("hello", views.hello),
    path("echo", views.echo),
    path("items/", views.ItemList.as_view()),
    path("items/<digits:pk>", views.ItemDetail.as_view()),
]
handler404 = views.not_found
handler500 = "rest_framework.exceptions.server_error"
