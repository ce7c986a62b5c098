"""The item, and the table it is kept in."""

from django.db import models


class Item(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=200, blank=True)
    price = models.FloatField()
    in_stock = models.BooleanField(default=True)

    class Meta:
        db_table = "items"
