"""The process: start and stop, periodic jobs, the operating system's service, first setup, demo."""
