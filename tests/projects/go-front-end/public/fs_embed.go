//go:build fs_embed

package public

import "embed"

// Files are built by Vite.
//
//go:embed manifest.json assets/*.css
var Files embed.FS
