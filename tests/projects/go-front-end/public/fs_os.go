//go:build !fs_embed

package public

import "os"

// Files are those on the disk.
var Files = os.DirFS(".")
