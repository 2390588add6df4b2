"""`python -m testbed`: the command, where its script is not on the path."""

from testbed.cli.begin import main

main()
