//! Throughput and latency, beside baselines measured in the same minute.
