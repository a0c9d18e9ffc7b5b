site {
  hosts = [env.HOST]
  root  = "../${local.data}"
  listen "127.0.0.1:9000" {
  }
  log {
    format = "common"
    file   = "own.log"
  }
}
