"""Series of share of voice, their forecasts, and what stage each trend is in."""
