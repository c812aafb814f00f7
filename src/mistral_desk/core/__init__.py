"""What every other room stands on: errors, folders, settings and the log. Imports nothing of ours."""
