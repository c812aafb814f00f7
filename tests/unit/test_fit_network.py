"""Devices of other computers in a plan: what is too large for one lies on several, and the network has its price."""

from __future__ import annotations

import msgspec
import pytest

from mistral_desk.fit import network
from mistral_desk.fit.layout import MEMORY
from mistral_desk.fit.machine import Gpu, Machine, as_description, described
from mistral_desk.fit.plan import HEAD, Plan, Wishes, plan, server_command
from mistral_desk.fit.shape import Layer, Shape, alike
from mistral_desk.inference.device import Device
from mistral_desk.inference.placement import Placement

GB = 10**9
MODEL = Shape(
    name="a model of 8 GB",
    architecture="mistral4",
    layers=alike([Layer(attention=20_000_000, routed=180_000_000, keys=320)] * 40),
    embedding=130_000_000,
    output=130_000_000,
    experts=32,
    used=4,
    width=4096,
    vocabulary=131_072,
    trained=32_768,
    parameters=8 * 10**9,
    active=2 * 10**9,
    queries=4096,
    key_width=320,
    bits=8.5,
)
WISH = Wishes(context=4096)


def helper(memory: float, way_mbit: float = 1000, turn_ms: float = 0.3, gbps: float = 20) -> Gpu:
    size = round(memory * GB)
    return Gpu("cellar", size, size, gbps, way_mbit / 8000, remote=True, turn_s=turn_ms / 1e3, gflops=100)


def computer(memory: float, *gpus: Gpu) -> Machine:
    return Machine(8, round(memory * GB), round(memory * 0.9 * GB), 40, 2, 0.3, gpus=gpus)


def planned(machine: Machine) -> Plan:
    return plan(MODEL, machine, WISH)


def pace(machine: Machine) -> float:
    made = planned(machine)
    assert made.speed
    return made.speed.tokens_per_s.mid


def test_what_is_too_large_for_one_lies_on_three() -> None:
    here, first, second = 6.0, helper(3), helper(3)
    assert planned(computer(here)).word in {"too_slow", "does_not_fit"}
    assert planned(computer(here, first)).word in {"too_slow", "does_not_fit"}
    made = planned(computer(here, first, second))
    assert made.speed
    assert made.layout
    assert made.speed.region == "network"
    assert set(made.layout.layers) == {MEMORY, 0, 1}
    assert list(made.layout.layers) == sorted(made.layout.layers), "layers cross the network once, in their order"


def test_the_output_stays_here_and_is_counted_where_llama_cpp_counts_it() -> None:
    """A vocabulary of 131,072 would be half a megabyte for each token."""
    made = planned(computer(6, helper(8)))
    assert made.layout
    assert made.layout.head == MEMORY
    assert made.overrides == (HEAD,)
    on_it = made.layout.layers.count(0)
    assert (made.gpu_layers, made.tensor_split) == (on_it + 1, (on_it + 1,))


def test_experts_are_never_divided_from_their_layer_by_a_network() -> None:
    made = planned(computer(6, helper(3), helper(3)))
    assert made.layout
    assert made.layout.experts == made.layout.layers


def test_what_fits_here_stays_here() -> None:
    assert planned(computer(32, helper(32))).layout == planned(computer(32)).layout


def test_what_a_card_here_takes_does_not_go_over_the_network() -> None:
    """Of the divisions with another computer, those count in which something is there."""
    card = Gpu("a card", 4 * GB, 4 * GB, 400)
    made = planned(computer(3, card, helper(6)))
    assert made.layout
    on_card, there = made.layout.layers.count(0), made.layout.layers.count(1)
    assert on_card > 15, "the card is full"
    assert there
    assert made.layout.layers.index(1) > made.layout.layers.index(0)


@pytest.mark.parametrize(("slower", "faster"), [((100, 0.3), (1000, 0.3)), ((1000, 5), (1000, 0.3))])
def test_a_slower_network_is_a_slower_model(slower: tuple[float, float], faster: tuple[float, float]) -> None:
    assert pace(computer(6, helper(8, *slower))) < pace(computer(6, helper(8, *faster)))


def test_what_a_token_costs_is_bytes_over_the_way_and_one_turn() -> None:
    there = helper(8, way_mbit=80, turn_ms=2)  # 10 MB a second
    sent = 4 * (4096 + 2304) + network.HEADS
    assert network.bytes_there(4096, 2048) == sent
    assert network.seconds_there(there, 4096, 2048) == pytest.approx(sent / 10e6)
    assert network.seconds_back(there, 4096) == pytest.approx(0.002 + 4 * 4096 / 10e6)


def test_a_load_waits_for_the_way() -> None:
    slow, fast = (planned(computer(6, helper(8, way))) for way in (100, 10_000))
    assert slow.speed
    assert slow.layout
    assert fast.speed
    sent = slow.layout.layers.count(0) * 200_000_000
    assert slow.speed.load_s.mid - fast.speed.load_s.mid > 0.5 * sent / 12.5e6


def test_a_machine_with_others_can_be_described() -> None:
    machine = computer(16, helper(8, 1000, 0.5))
    again = described(msgspec.json.encode(as_description(machine)))
    (one,) = again.gpus
    assert (one.remote, one.turn_s, one.gflops) == (True, 0.0005, 100)
    assert planned(again).word == planned(machine).word


def test_no_command_of_llama_server_has_them() -> None:
    machine = computer(6, helper(8))
    assert server_command(planned(machine), machine) == ""


def test_the_placement_names_devices_and_the_computers_to_connect_to() -> None:
    devices = [
        Device("CPU", "processor", "cpu", 1, 1),
        Device("10.0.0.2:50052/0", "cellar", "remote", 1, 1),
        Device("10.0.0.3:50052/0", "attic", "remote", 1, 1),
    ]
    placed = Placement.of(planned(computer(6, helper(3), helper(3))), devices)
    assert placed.devices == ("10.0.0.2:50052/0", "10.0.0.3:50052/0")
    assert placed.helpers == ("10.0.0.2:50052", "10.0.0.3:50052")
    assert (HEAD, "CPU") in placed.overrides
