# What only the whole of it shows: who reaches the page, and what stands in the way.
locals {
  word = "a-secret-in-a-local-name"
}

listen ":9180" {
}

admin ":9180" {
  token      = local.word
  token_file = "admin/short.token"
  key        = "admin/open.token"
}

journeys {
  show = ["X-Api-Key"]
  hide = ["x-api-key"]
  when {
    reasons = ["file.sent", "nothing.of-the-kind"]
  }
}

site "a.example" {
  root = "public"
}
