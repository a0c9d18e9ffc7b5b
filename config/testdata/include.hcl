# Includes.
include = ["sites/*.hcl", "nothing/*.hcl", "missing.hcl", "include.hcl", "sites/[", "sites/good.hcl"]
listen ":8080" {
}
