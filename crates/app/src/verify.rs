//! Checks a store: recomputes every balance and every invariant, and says what it checked.
