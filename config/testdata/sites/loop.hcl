include = ["../include.hcl"]
