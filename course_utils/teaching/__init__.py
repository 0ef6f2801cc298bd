"""What an instructor runs: executing the course, releasing student versions, publishing. See `course --help`."""
