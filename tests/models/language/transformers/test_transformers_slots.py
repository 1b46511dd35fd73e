"""The store of keys and values: what is where after rows come, are copied and go."""

from __future__ import annotations

import pytest
import torch

from inpars.models.language.transformers.slots import Slots

HEADS, WIDTH = 2, 3


def values(*rows: list[float]) -> torch.Tensor:
    """Of each row its tokens' keys, every number of a token the same: (rows, heads, tokens, width)."""
    return torch.tensor(rows)[:, None, :, None].expand(-1, HEADS, -1, WIDTH).clone()


def fill(slots: Slots, *rows: list[float]) -> None:
    """Fill rows, all their tokens joined."""
    slots.fill([len(row) for row in rows])
    if joined := [token for row in rows for token in row]:
        slots.update(values(joined), -values(joined), 0)


def step(slots: Slots, *tokens: float) -> list[list[float]]:
    """Write one token more for each row; what each row then sees."""
    slots.step()
    keys, stored = slots.update(values(*[[token] for token in tokens]), -values(*[[token] for token in tokens]), 0)
    assert torch.equal(keys, -stored)
    hidden = slots.hidden(keys)
    assert hidden.shape == (len(tokens), keys.shape[2])
    return [keys[row, 0, ~hidden[row], 0].tolist() for row in range(len(tokens))]


def test_a_row_sees_its_own_tokens_and_no_padding() -> None:
    slots = Slots(4, 5)
    fill(slots, [1.0, 2.0, 3.0], [4.0], [])
    assert slots.rows == 3
    assert slots.positions().tolist() == [[3], [1], [0]]
    assert step(slots, 10.0, 20.0, 30.0) == [[1, 2, 3, 10], [4, 20], [30]]
    assert slots.positions().tolist() == [[4], [2], [1]]
    assert step(slots, 11.0, 21.0, 31.0) == [[1, 2, 3, 10, 11], [4, 20, 21], [30, 31]]


def test_joined_rows_are_parted_and_joined_again() -> None:
    slots = Slots(5, 5)
    fill(slots, [1.0])
    slots.fill([3, 0, 1])
    joined = torch.arange(4 * HEADS).view(1, HEADS, 4)
    apart = slots.parted(joined)
    assert apart[:, 0].tolist() == [[0, 1, 2], [0, 0, 0], [3, 0, 0]]
    assert torch.equal(slots.joined(apart), joined)


@pytest.mark.parametrize(("length", "places"), [(100, 32), (20, 20)])
def test_a_step_gives_the_places_of_the_longest_row_rounded_up_as_far_as_there_are_any(
    length: int, places: int
) -> None:
    slots = Slots(2, length)
    fill(slots, [1.0, 2.0])
    slots.step()
    keys, _ = slots.update(values([3.0]), values([3.0]), 0)
    assert keys.shape == (1, HEADS, places, WIDTH)


def test_the_last_row_moves_into_the_place_of_one_that_is_removed() -> None:
    slots = Slots(3, 5)
    fill(slots, [1.0, 2.0], [3.0], [4.0, 5.0, 6.0])
    slots.remove(0)
    assert slots.rows == 2
    assert step(slots, 10.0, 20.0) == [[4, 5, 6, 10], [3, 20]]
    slots.remove(1)
    assert step(slots, 11.0) == [[4, 5, 6, 10, 11]]
    slots.remove(0)
    assert slots.rows == 0


def test_new_rows_take_free_slots_and_see_nothing_of_who_was_there() -> None:
    slots = Slots(2, 5)
    fill(slots, [1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    step(slots, 7.0, 8.0)
    slots.remove(0)
    fill(slots, [20.0])
    assert step(slots, 9.0, 21.0)[1] == [20, 21]
    slots.empty()
    fill(slots, [], [30.0])
    assert step(slots, 40.0, 50.0) == [[40], [30, 50]]


def test_filled_rows_are_repeated_all_of_them_in_turn() -> None:
    slots = Slots(7, 3)
    fill(slots, [7.0])
    fill(slots, [1.0, 2.0], [3.0])
    slots.repeat_filled(2)
    assert slots.rows == 7
    seen = step(slots, *[float(row) for row in range(10, 17)])
    assert seen == [[7, 10], [1, 2, 11], [3, 12], [1, 2, 13], [3, 14], [1, 2, 15], [3, 16]]


def test_positions_count_the_prefix_and_the_prefix_stays_when_the_slots_are_emptied() -> None:
    slots = Slots(2, 4)
    slots.record_prefix((5, 6, 7))
    assert slots.prefix(0) is None, "while it is written there is none"
    slots.update(values([5.0, 6.0, 7.0]), -values([5.0, 6.0, 7.0]), 0)
    fill(slots, [1.0], [])
    assert slots.positions().tolist() == [[4], [3]]
    found = slots.prefix(0)
    assert found is not None
    assert found[0].shape == (HEADS, 3, WIDTH)
    assert found[0][0, :, 0].tolist() == [5, 6, 7]
    slots.empty()
    assert slots.prefix_tokens == (5, 6, 7)
    slots.forget_prefix()
    assert (slots.prefix_tokens, slots.prefix(0)) == ((), None)


def test_layers_may_differ_in_heads_and_width_and_keep_apart() -> None:
    slots = Slots(1, 2)
    slots.fill([1])
    slots.update(torch.ones(1, 2, 1, 4), torch.ones(1, 2, 1, 6), 0)
    slots.update(torch.full((1, 3, 1, 5), 2.0), torch.full((1, 3, 1, 5), 2.0), 1)
    slots.step()
    keys, stored = slots.update(torch.ones(1, 2, 1, 4), torch.ones(1, 2, 1, 6), 0)
    assert (keys.shape, stored.shape) == ((1, 2, 2, 4), (1, 2, 2, 6))
    keys, _ = slots.update(torch.full((1, 3, 1, 5), 2.0), torch.full((1, 3, 1, 5), 2.0), 1)
    assert keys.unique().tolist() == [2.0]
