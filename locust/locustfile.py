"""The article's user: creates, reads, updates and deletes items of its own, and thinks in between.

locust -f locust/locustfile.py --headless -u 50 -t 30s -H http://127.0.0.1:8000
"""

from random import choice, randint

from locust import FastHttpUser, between, task
from locust.exception import RescheduleTask

LAMP = {"name": "Lamp", "description": "It shines.", "price": 12.5, "in_stock": True}
MOST = 3  # items that a user has: the list grows by no more than these


class ItemUser(FastHttpUser):
    """Of 11 tasks 4 read an item, 2 each create, update and delete one, and 1 lists all.

    Who has MOST items deletes one where it would create, who has none creates one first: as many
    are deleted as are created, but for the first few. Nobody touches an item of another user, so
    that each 404 is a failure. What is left of its items at the end stays.
    """

    wait_time = between(1, 3)

    def on_start(self):
        self.ids = []

    @task(2)
    def create(self):
        if len(self.ids) == MOST:
            return self.delete()
        answer = self.expect(201, "POST", "/items/", json=LAMP)
        if answer.status_code == 201:
            self.ids.append(answer.json()["id"])

    @task(4)
    def read(self):
        self.expect(200, "GET", f"/items/{self.own_id()}", name="/items/{id}")

    @task(2)
    def update(self):
        # A price that it has hardly sent before: an ORM skips the write of what is unchanged.
        lamp = LAMP | {"price": randint(1, 10**9) / 100}
        self.expect(200, "PUT", f"/items/{self.own_id()}", json=lamp, name="/items/{id}")

    @task(2)
    def delete(self):
        own_id = self.own_id()
        self.ids.remove(own_id)
        self.expect(204, "DELETE", f"/items/{own_id}", name="/items/{id}")

    @task(1)
    def list(self):
        self.expect(200, "GET", "/items/")

    def own_id(self):
        """One of its items; who has none makes one first."""
        if not self.ids:
            self.create()
        if not self.ids:
            raise RescheduleTask  # it was refused, which is counted
        return choice(self.ids)

    def expect(self, status, method, path, **request):
        """Locust takes every status below 400 for a success: this one only its own."""
        with self.client.request(method, path, catch_response=True, **request) as answer:
            if answer.status_code != status:
                answer.failure(f"answered {answer.status_code}, not {status}")
        return answer
