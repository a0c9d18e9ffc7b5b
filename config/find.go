package config

import (
	"os"
	"path/filepath"
)

// Name is the file name that Find looks for.
const Name = "vitrine.hcl"

// Find looks for vitrine.hcl in dir, in vitrine/ under the user's configuration folder ($XDG_CONFIG_HOME, or
// ~/.config), and in /etc/vitrine. It returns the first that exists, or "", and every path it tried.
func Find(dir string) (path string, tried []string) {
	candidates := []string{filepath.Join(dir, Name)}
	if folder, err := os.UserConfigDir(); err == nil {
		candidates = append(candidates, filepath.Join(folder, "vitrine", Name))
	}
	candidates = append(candidates, filepath.Join("/etc/vitrine", Name))
	for _, candidate := range candidates {
		tried = append(tried, candidate)
		if info, err := os.Stat(candidate); err == nil && !info.IsDir() {
			return candidate, tried
		}
	}
	return "", tried
}
