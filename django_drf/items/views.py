"""The items API in Django REST Framework, with its generic views on Django's ORM."""

from django.http import JsonResponse
from rest_framework import generics
from rest_framework.decorators import api_view
from rest_framework.exceptions import ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_exception_handler

from items.models import Item
from items.serializers import ItemSerializer, JSONObjectField


@api_view(["GET"])
def hello(request):
    return Response({"message": "Hello, World!"})


@api_view(["POST"])
def echo(request):
    if request.stream is None:  # an empty body, which would be taken for {}
        raise ParseError("There is no body.")
    return Response(JSONObjectField().run_validation(request.data))


class ItemList(generics.ListCreateAPIView):
    queryset = Item.objects.order_by("id")
    serializer_class = ItemSerializer


class ItemDetail(generics.RetrieveUpdateDestroyAPIView):
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    http_method_names = ["get", "put", "delete", "head", "options"]  # the contract has no PATCH


def exception_handler(error, context):
    if isinstance(error, RecursionError):
        error = ParseError("The JSON is nested too deeply.")
    return default_exception_handler(error, context)


def not_found(request, exception):
    return JsonResponse({"detail": "Not found."}, status=404)
