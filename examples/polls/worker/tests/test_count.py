import json
import unittest
from contextlib import nullcontext
from types import SimpleNamespace

import psycopg

from main import count


class Database:
    """Stands in for PostgreSQL: remembers ids, and knows option 1 alone."""

    def __init__(self):
        self.ids = set()

    def transaction(self):
        return nullcontext()

    def execute(self, _, values):
        vote, option = values
        if option != 1:
            raise psycopg.errors.ForeignKeyViolation
        new = vote not in self.ids
        self.ids.add(vote)
        return SimpleNamespace(rowcount=int(new))


class Counting(unittest.TestCase):
    def test_a_vote_counts_once_however_often_it_is_given(self):
        database, vote = Database(), json.dumps({"id": "a", "option_id": 1}).encode()
        self.assertEqual([count(database, vote) for _ in range(2)], ["counted a", "had a already"])

    def test_a_vote_for_what_is_gone_is_dropped(self):
        vote = json.dumps({"id": "b", "option_id": 2}).encode()
        self.assertEqual(count(Database(), vote), "dropped b: option 2 is gone")
