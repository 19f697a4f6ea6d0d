"""The history of each printer: series of values kept on change, alert episodes, meters."""
