"""The training loop and what it needs: networks, devices, states, logs."""
