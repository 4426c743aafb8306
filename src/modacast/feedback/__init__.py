"""Feedback: events in, rankers that learn from them, reviews that become documents."""

from __future__ import annotations

from modacast.feedback.intake import admit_events
from modacast.feedback.learning import Learned, TrainingTable, learn_ranker, training_table
from modacast.feedback.reviews import review_documents

__all__ = ["Learned", "TrainingTable", "admit_events", "learn_ranker", "review_documents", "training_table"]
