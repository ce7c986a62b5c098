"""Users of one route who do not think, for `nox -s crosscheck`.

They have a file of their own: who names no user gets all users of a file, mixed.
"""

from random import randint

import gevent
from locust import FastHttpUser, events, task

ROWS = 1500  # that seed.py has made


@events.init.add_listener
def set_the_clock(**_):
    """Else --run-time is shorter by what the start took: gevent counts from its last look."""
    gevent.get_hub().loop.update_now()


class HelloUser(FastHttpUser):
    @task
    def hello(self):
        self.client.get("/hello")


class GetUser(FastHttpUser):
    @task
    def get(self):
        self.client.get(f"/items/{randint(1, ROWS)}", name="/items/{id}")
