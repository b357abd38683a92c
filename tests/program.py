"""A program at an installation's web process, as a channel is one."""
from __future__ import annotations

import subprocess

import httpx

from tests.planted import CHILD
from tests.system import System, firstline


class Program:
    """A program with a token of its own.

    Args:
        system: the installation, which runs.
        conversation: its name of the one conversation that it leads.
    """

    def __init__(self, system: System, conversation: str = CHILD) -> None:
        self._system, self.conversation = system, conversation
        self.token = self.command("token", "add", "line", "channel")
        headers = {"authorization": f"Bearer {self.token}"}
        self._http = httpx.Client(base_url=system.address, headers=headers, timeout=40)

    def command(self, *arguments: str) -> str:
        """Run a command of the installation; gives the last word that it printed."""
        process = firstline(*arguments, env=self._system.env, log=subprocess.PIPE)
        words, _ = process.communicate(timeout=60)
        assert process.returncode == 0, words
        return words.split()[-1]

    def say(self, words: str) -> httpx.Response:
        """Send a message."""
        return self._http.post("/api/v1/messages", json={"conversation": self.conversation, "message": words})

    def send_referral(self, story: str) -> str:
        """Tell a story, answer whatever is asked, and send it; gives its reference."""
        answer = self.say(story)
        for _ in range(30):
            taps = {reply["payload"] for m in answer.json()["messages"] for reply in m["quick_replies"]}
            if "#send" in taps:
                sent = self.say("#send")
                assert "Stored, reference" in sent.text
                return str(sent.json()["reference"])
            offered = sorted(tap for tap in taps if "=" in tap)
            answer = self.say("#danger=no" if "#danger=no" in offered else next(t for t in offered if "unknown" in t))
        raise AssertionError("no summary after 30 answers")
