"""Losses against values worked out by hand."""

import math

import pytest
import torch

from inpars.train.losses import LOSSES

SCORES = torch.tensor([[2.0, 0.0], [1.0, 3.0]])
LABELS = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
TEACHER = torch.tensor([[5.0, 1.0], [4.0, 4.0]])


def value(name, scores=SCORES, labels=LABELS, teacher=TEACHER, temperature=1.0):
    return float(LOSSES[name](scores, labels, teacher, temperature))


def softplus(x):
    return math.log1p(math.exp(x))


def test_pointwise_is_the_mean_binary_cross_entropy_of_all_passages():
    assert value("pointwise") == pytest.approx((softplus(-2) + softplus(0) + softplus(-1) + softplus(3)) / 4)


def test_softmax_is_minus_the_log_of_the_positives_share():
    assert value("softmax") == pytest.approx((softplus(-2) + softplus(2)) / 2)


def test_softmax_shares_a_query_between_several_positives():
    labels = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert value("softmax", labels=labels) == pytest.approx(((softplus(-2) + softplus(2)) / 2 + softplus(2)) / 2)


def test_margin_mse_compares_margins_and_nothing_else():
    # Margins 2 and -2, the teacher's 4 and 0.
    assert value("margin-mse") == pytest.approx(((2 - 4) ** 2 + (-2 - 0) ** 2) / 2)
    assert value("margin-mse", teacher=TEACHER + 7) == pytest.approx(value("margin-mse"))
    assert value("margin-mse", teacher=SCORES - 3) == pytest.approx(0, abs=1e-6)


def test_margin_mse_takes_the_mean_over_a_querys_negatives():
    scores, labels = torch.tensor([[1.0, 0.0, 3.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    teacher = torch.zeros(1, 3)
    assert value("margin-mse", scores, labels, teacher) == pytest.approx((1 + 4) / 2)


def test_kl_is_the_mean_divergence_from_the_teachers_softmax():
    def divergence(teacher, student):
        p, q = 1 / (1 + math.exp(-teacher)), 1 / (1 + math.exp(-student))
        return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))

    assert value("kl") == pytest.approx((divergence(4, 2) + divergence(0, -2)) / 2, rel=1e-5)
    warm = 4 * (divergence(2, 1) + divergence(0, -1)) / 2
    assert value("kl", temperature=2.0) == pytest.approx(warm, rel=1e-5)
    assert value("kl", teacher=SCORES + 5) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_batch_is_the_mean_of_its_queries_so_that_a_step_may_be_taken_in_parts(name):
    torch.manual_seed(0)
    scores, teacher = torch.randn(6, 4), torch.randn(6, 4)
    labels = torch.zeros(6, 4)
    labels[:, 0] = 1
    whole = value(name, scores, labels, teacher)
    parts = [value(name, scores[i : i + 2], labels[i : i + 2], teacher[i : i + 2]) for i in (0, 2, 4)]
    assert whole == pytest.approx(sum(parts) / 3, rel=1e-5)


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_step_down_the_gradient_lowers_the_loss(name):
    scores = SCORES.clone().requires_grad_()
    loss = LOSSES[name](scores, LABELS, TEACHER, 1.0)
    loss.backward()
    assert value(name, (scores - 0.1 * scores.grad).detach()) < loss.item()
