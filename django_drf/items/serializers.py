"""What may come in and what goes out."""

import math

from rest_framework import serializers
from rest_framework.exceptions import NotFound

from items.models import Item


class MessageField(serializers.DictField):
    """A JSON object whose values can be sent back as they came."""

    child = serializers.JSONField(allow_null=True)


class PriceField(serializers.FloatField):
    def to_internal_value(self, data):
        try:
            price = super().to_internal_value(data)
        except OverflowError:  # an integer too large for a double
            self.fail("invalid")
        if not math.isfinite(price):
            self.fail("invalid")
        return price


class ItemSerializer(serializers.ModelSerializer):
    name = serializers.CharField(max_length=100, trim_whitespace=False)
    description = serializers.CharField(max_length=200, trim_whitespace=False, allow_blank=True)
    price = PriceField(min_value=0)
    in_stock = serializers.BooleanField(default=True)

    class Meta:
        model = Item
        fields = ["id", "name", "description", "price", "in_stock"]

    def update(self, item, values):
        # Unlike item.save(), this never inserts an item that was deleted meanwhile.
        if not Item.objects.filter(pk=item.pk).update(**values):
            raise NotFound
        return Item(pk=item.pk, **values)
