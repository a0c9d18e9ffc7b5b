# Locals, the environment and functions.
locals {
  base   = "${env.NO_SUCH_VARIABLE}/www"
  a      = local.b
  b      = local.a
  unused = 1
  wrong  = uper("x")
}
locals {
  base = "again"
}
listen ":${env.PORT}" {
}
listen {
  addresses = [":${env.PORT}", ":${env.NO_PORT}"]
}
site "example.org" {
  root = local.base
  files {
    index = [local.indx, uper("a"), join(",")]
  }
  types {
    explicit = text/plain
    default  = local.a
  }
  header {
    set = { X-A = PORT, X-B = "${prot}", X-C = env("PROT"), X-D = try(env.NOPE, env.NADA) }
  }
  log {
    format = jsn
  }
}
