"""Scores the incidents of hunts against the truth of scenarios: one per attack, none for benign workloads."""

from truth import principal, seconds

HOUR = 3600
MOST_DIFFERENCE = 0.05
# The members of an incident's activities that correspond to each number of the truth, by kind.
NUMBERS = {
    "objects_read": (("taken", "read"), "objects"),
    "bytes_read": (("taken", "read"), "bytes"),
    "objects_copied": (("copied", "copied_out"), "objects"),
    "bytes_copied": (("copied", "copied_out"), "bytes"),
    "objects_written": (("written",), "objects"),
    "destroyed": (("deleted", "version_deleted"), "either"),
    "expired": (("expired",), "objects"),
}


def counted(incidents, kinds, member):
    """The sum over activities of these kinds. A deletion counts versions if it names them, otherwise objects."""
    deeds = [deed for incident in incidents for deed in incident["deeds"] if deed["kind"] in kinds]
    if member == "either":
        return sum(deed["versions"] or deed["objects"] for deed in deeds)
    return sum(deed[member] for deed in deeds)


def wanted_actors(truth):
    """The actors of a truth. Sessions have the names as logged, and strangers without credentials have no session."""
    names = truth.get("sessions") or [name for name in truth.get("principals", []) if name != "anonymous"]
    strangers = not names or "anonymous" in truth.get("principals", [])
    return {principal(name) for name in [*names, *([None] if strangers else [])]}


class IncidentScore:
    """The score of a scenario's incidents."""

    def __init__(self, scenario, incidents):
        self.scenario = scenario
        self.incidents = incidents
        truth = scenario.truth
        if not scenario.is_attack:
            return
        self.wanted = wanted_actors(truth)
        actors = [actor for incident in incidents for actor in incident["actors"]]
        self.actors = {principal(name) for actor in actors for name in actor["requesters"] or [None]}
        self.begin = self.end = None
        if incidents:
            self.begin = min(seconds(incident["first_seen"]) for incident in incidents) - seconds(truth["first"])
            # What a rule of the attacker expires later is part of the incident.
            last = max(seconds(truth[name]) for name in ("last", "last_expired") if name in truth)
            self.end = max(seconds(incident["last_seen"]) for incident in incidents) - last
        self.numbers = {}
        for name, (kinds, member) in NUMBERS.items():
            if name in truth.get("numbers", {}):
                self.numbers[name] = (counted(incidents, kinds, member), truth["numbers"][name])

    def faults(self):
        """The faults in words; empty if the incidents are correct."""
        found = []
        if len(self.incidents) != int(self.scenario.is_attack):
            found.append(f"{len(self.incidents)} incidents")
        if not self.scenario.is_attack or not self.incidents:
            return found
        if self.actors != self.wanted:
            found.append("actors " + ", ".join(sorted(self.actors ^ self.wanted)))
        for name, (number, wanted) in self.numbers.items():
            if abs(number - wanted) > MOST_DIFFERENCE * wanted:
                found.append(f"{name} {number} of {wanted}")
        found += [name for name, value in (("begin", self.begin), ("end", self.end)) if abs(value) > HOUR]
        return found

    def cells(self):
        """The row of the table."""
        offset = lambda value: "–" if value is None else f"{value / HOUR:+.1f} h"
        attack = self.scenario.is_attack
        right = sum(abs(number - wanted) <= MOST_DIFFERENCE * wanted for number, wanted in self.numbers.values()) if attack else 0
        return [
            self.scenario.name,
            self.scenario.truth["kind"],
            str(len(self.incidents)),
            ("equal" if self.actors == self.wanted else "differ") if attack and self.incidents else "–",
            f"{right} of {len(self.numbers)}" if attack else "–",
            offset(self.begin) if attack else "–",
            offset(self.end) if attack else "–",
            "; ".join(self.faults()) or "right",
        ]


HEAD = ["scenario", "kind", "incidents", "actors", "numbers", "begin", "end", "verdict"]
