# 넓은 글자 앞의 밑줄도 제자리에 선다.
listen ":8080" {
}
site "example.org" {
  root = "public"
  header {
    set = { X-인사 = "안녕", X-Greeting = "안녕하세요, 여러분 {hots}!", X-Long = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa {tme} bbbbbbbbbbbbbbbbbbbbbbbbbbb" }
  }
	types {
		default = "texthtml"
	}
}
