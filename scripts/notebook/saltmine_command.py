"""Answers of the command saltmine, for comparison with those of the notebooks."""

import json
import subprocess


class Saltmine:
    def __init__(self, program, lake):
        self.program, self.lake = program, lake

    def run(self, command, *options):
        done = subprocess.run([self.program, command, self.lake, *options], check=True, capture_output=True)
        return json.loads(done.stdout)

    def ask(self, sql):
        """All rows of a query."""
        return self.run("query", sql, "--format", "json")

    def one(self, sql):
        """The values of the only row of a query."""
        (row,) = self.ask(sql)
        return list(row.values())

    def named(self, name, *options):
        """All rows of a query of the catalogue."""
        return self.run("query", "--name", name, *options, "--format", "json")
