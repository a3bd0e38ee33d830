"""What strangers make us ask stays within bounds."""

import asyncio

import pytest

from federation.errors import Unreachable
from federation.messages import Response
from node.network import AT_ONCE, Doorman


async def answer() -> Response:
    return Response(200)


async def test_a_host_that_just_failed_is_left_alone_and_others_are_not() -> None:
    doorman, asked = Doorman(), []

    async def fail() -> Response:
        asked.append("once")
        raise Unreachable("not there")

    for _ in range(3):
        with pytest.raises(Unreachable):
            await doorman.ask("slow.example", fail)
    assert asked == ["once"]
    assert (await doorman.ask("good.example", answer)).status == 200


async def test_one_host_is_asked_so_often_a_minute_and_no_more() -> None:
    doorman = Doorman()
    for _ in range(60):
        await doorman.ask("many-keys.example", answer)
    with pytest.raises(Unreachable):
        await doorman.ask("many-keys.example", answer)


async def test_only_few_questions_are_open_at_once() -> None:
    doorman, gate, full, open_now = Doorman(), asyncio.Event(), asyncio.Event(), []

    async def wait() -> Response:
        open_now.append(1)
        if len(open_now) == AT_ONCE:
            full.set()
        await gate.wait()
        return Response(200)

    tasks = [asyncio.create_task(doorman.ask(f"{number}.example", wait)) for number in range(AT_ONCE + 5)]
    await full.wait()
    assert len(open_now) == AT_ONCE
    gate.set()
    assert len(await asyncio.gather(*tasks)) == AT_ONCE + 5
