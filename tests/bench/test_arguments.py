"""What may be asked for on the command line, and what does not go together."""

from argparse import Namespace

import pytest

from bench import Mistake
from bench.arguments import check_database


def asked(url):
    return Namespace(
        database_url=url, database="sqlite", controls=False, requirements="requirements.txt"
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bench:bench@127.0.0.1:5432/items",
        "postgresql://bench@localhost/items",
        "postgresql://bench:p%40ss%20word@[::1]:5432/items?sslmode=require",
    ],
)
def test_a_url_of_a_server_asks_for_postgresql(url):
    arguments = asked(url)
    check_database(arguments)
    assert arguments.database == "postgres"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://bench:secret@localhost/items",
        "postgresql:///items",  # a socket, which no container reaches
        "postgresql://bench:secret@localhost:port/items",
        "postgresql://bench:my secret@localhost/items",
        "postgresql://bench:100%secret@localhost/items",
        "postgresql://bench:se@cret@localhost/items",
        "postgresql://bench:secret[@localhost/items",
        "postgresql://bench:secret@localhost/?dbname=shop",  # it would be used, and emptied
    ],
)
def test_a_url_that_does_not_say_where_each_part_is_is_refused_and_not_repeated(url):
    with pytest.raises(Mistake, match="^--database-url reads postgresql://USER:") as mistake:
        check_database(asked(url))
    assert "secret" not in str(mistake.value) and "shop" not in str(mistake.value)
