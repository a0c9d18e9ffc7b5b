listen ":80" {
}
