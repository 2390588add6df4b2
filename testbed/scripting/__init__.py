"""What a script or a notebook asks for (`import testbed as tb`): one file for each thing."""
