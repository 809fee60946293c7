"""The Streamlit console around `core`."""
