package server

import (
	"testing"

	"vitrine/config"
	"vitrine/web/serve"
)

func TestAConfigurationThatSaysNothingGetsTheEnginesArchitecture(t *testing.T) {
	if got := config.Default(config.ServeOptions{}).IO.V; got != serve.Default() {
		t.Errorf("the configuration's default is %s, and the engine's %s", got, serve.Default())
	}
}
