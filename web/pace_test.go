package web

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// commonPace is a share whose turns follow each other.
type commonPace struct {
	rate int64 // bytes a second

	mu    sync.Mutex
	next  int64
	given int64
}

func (p *commonPace) Reserve(now int64) (n, from int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const turn = 2000
	from = max(p.next, now)
	p.next = from + turn*1e9/p.rate
	p.given += turn
	return turn, from
}

func (p *commonPace) Return(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next -= n * 1e9 / p.rate
	p.given -= n
}

// What several responses share, they do not have more of for being many and short, nor for being on several connections.
func TestResponsesThatShareAPaceLeaveAtItTogether(t *testing.T) {
	const rate, size, each, conns = 300_000, 1500, 15, 3
	body := strings.Repeat("x", size)
	eachArchitecture(t, func(t *testing.T, arch string) {
		t.Parallel()
		shared := &commonPace{rate: rate}
		sv := start(t, arch, Settings{WriteTimeout: 50 * time.Millisecond, MinRate: 1 << 30}, func(x *Exchange) {
			x.SharePace(shared)
			respond(x, 200, body)
		})
		n := conns
		if single(arch) { // the others would wait for the first one to end
			n = 1
		}
		began := time.Now()
		var clients []*client
		for range n {
			c := sv.dial(t)
			c.send(strings.Repeat(get("/"), each))
			clients = append(clients, c)
		}
		for _, c := range clients {
			for range each {
				c.expect(200, body)
			}
		}
		if took, least := time.Since(began), time.Duration(float64(n*each*size-2000)/rate*1e9); took < least {
			t.Errorf("it took %v, less than %v", took, least)
		}
		sv.drain(t)
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if least := int64(n * each * size); shared.given < least || shared.given > least*2 {
			t.Errorf("%d bytes were given for %d of bodies: what is not used is not given back", shared.given, least)
		}
	})
}
