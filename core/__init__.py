"""Feedroom's core: domain, feed engine, services and the adapters behind them. Never imports streamlit."""
