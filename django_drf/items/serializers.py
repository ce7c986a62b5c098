"""What may come in and what goes out."""

import math

from rest_framework import serializers
from rest_framework.exceptions import NotFound

from items.models import Item


class JSONObjectField(serializers.DictField):
    """A JSON object that can be sent back as it came: JSONField refuses 1e999, for one."""

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
    price = PriceField(min_value=0)
    in_stock = serializers.BooleanField(default=True)  # in a PUT without it, too

    class Meta:
        model = Item
        fields = ["id", "name", "description", "price", "in_stock"]
        extra_kwargs = {
            "name": {"trim_whitespace": False},
            "description": {"trim_whitespace": False, "required": True},
        }

    def update(self, instance, validated_data):
        # Unlike save(), this never inserts an item that was deleted meanwhile.
        if not Item.objects.filter(pk=instance.pk).update(**validated_data):
            raise NotFound
        for field, value in validated_data.items():
            setattr(instance, field, value)
        return instance
