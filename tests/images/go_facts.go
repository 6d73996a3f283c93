// What a Go image must be able to do. This file comes into the project, beside its main.go, and is
// run as `my-app fact NAME`; the tests read the names from here. Without arguments, the service
// gets a second server, which the facts ask.

package main

import (
	"crypto/tls"
	"crypto/x509"
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// In the image: the authority of the server, and the server's certificate.
const (
	authority = "/facts/authority.pem"
	server    = "server.test"
	address   = server + ":4443"
)

var facts = map[string]func() error{
	// SSL_CERT_FILE names the authority of a server that nobody else knows.
	"tls-with-an-own-authority": func() error {
		// Read once, before the first connection.
		if err := os.Setenv("SSL_CERT_FILE", authority); err != nil {
			return err
		}
		version, err := get(nil)
		return errors.Join(err, expect(version, uint16(tls.VersionTLS13)))
	},

	// An authority can be added to those of the image.
	"tls-with-one-more-authority": func() error {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return err
		}
		certificate, err := os.ReadFile(authority)
		if err != nil {
			return err
		}
		pool.AppendCertsFromPEM(certificate)
		_, err = get(pool)
		return err
	},

	// The image's own authorities don't vouch for that server.
	"tls-refuses-an-unknown-authority": func() error {
		_, err := get(nil)
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) {
			return fmt.Errorf("nobody asked who the server is: %v", err)
		}
		return nil
	},

	"tls-knows-the-public-authorities": func() error {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return err
		}
		// Deprecated because other systems keep theirs elsewhere; on Linux it has them all.
		if count := len(pool.Subjects()); count <= 100 {
			return fmt.Errorf("only %d authorities", count)
		}
		return nil
	},

	// All addresses that /etc/hosts has for it are found.
	"localhost": func() error {
		hosts, err := os.ReadFile("/etc/hosts")
		if err != nil {
			return err
		}
		var expected []string
		for line := range strings.Lines(string(hosts)) {
			if words := strings.Fields(line); len(words) > 1 && slices.Contains(words[1:], "localhost") {
				expected = append(expected, words[0])
			}
		}
		if !slices.Contains(expected, "127.0.0.1") {
			return fmt.Errorf("/etc/hosts: %s", hosts)
		}
		found, err := net.LookupHost("localhost")
		slices.Sort(expected)
		slices.Sort(found)
		return errors.Join(err, expect(fmt.Sprint(found), fmt.Sprint(expected)))
	},

	// The engine's own name server is asked.
	"name-of-a-container": func() error {
		found, err := net.LookupHost(server)
		if err != nil {
			return err
		}
		connection, err := net.DialTimeout("tcp", address, 10*time.Second)
		if err != nil {
			return err
		}
		defer connection.Close()
		peer, _, err := net.SplitHostPort(connection.RemoteAddr().String())
		return errors.Join(err, expect(fmt.Sprint(found), fmt.Sprint([]string{peer})))
	},

	"names-of-services": func() error {
		port, err := net.LookupPort("tcp", "https")
		return errors.Join(err, expect(port, 443))
	},

	"time-zones": func() error {
		zone, err := time.LoadLocation("Europe/Zurich")
		if err != nil {
			return err
		}
		_, winter := time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Zone()
		_, summer := time.Date(2026, 7, 1, 0, 0, 0, 0, zone).Zone()
		return errors.Join(expect(winter, 3600), expect(summer, 7200))
	},

	"time-zone-of-the-container": func() error {
		// Read once, before the first local time.
		if err := os.Setenv("TZ", "America/New_York"); err != nil {
			return err
		}
		return expect(time.Unix(0, 0).Hour(), 19)
	},

	// The user has a name, a group and a home.
	"account": func() error {
		account, err := user.LookupId("65532")
		if err != nil {
			return err
		}
		group, err := user.LookupGroupId("65532")
		if err != nil {
			return err
		}
		current, err := user.Current()
		if err != nil {
			return err
		}
		return errors.Join(
			expect(os.Getuid(), 65532),
			expect(account.Username, "nonroot"),
			expect(group.Name, "nonroot"),
			expect(current.HomeDir, "/tmp"),
		)
	},

	// Everyone can write to /tmp, and only the owner can remove a file.
	"temporary-files": func() error {
		info, err := os.Stat(os.TempDir())
		if err != nil {
			return err
		}
		file, err := os.CreateTemp("", "fact-")
		if err != nil {
			return err
		}
		return errors.Join(
			expect(info.Mode(), os.ModeDir|os.ModeSticky|0o777),
			file.Close(),
			os.Remove(file.Name()),
		)
	},

	// The health check does the same.
	"starts-itself": func() error {
		path, err := os.Executable()
		if err != nil {
			return err
		}
		output, err := exec.Command(path, "fact", "account").CombinedOutput()
		return errors.Join(err, expect(string(output), ""))
	},

	// No loader is asked for, so no C library is needed.
	"is-static": func() error {
		file, err := elf.Open("/proc/self/exe")
		if err != nil {
			return err
		}
		defer file.Close()
		for _, header := range file.Progs {
			if header.Type == elf.PT_INTERP {
				return errors.New("it names a loader")
			}
		}
		return nil
	},

	// Stripped as it is, and without the folder that it was built in.
	"stack-traces-name-the-line": func() error {
		trace := string(debug.Stack())
		if !regexp.MustCompile(`\n\texample\.com/my-app/go_facts\.go:\d+ `).MatchString(trace) {
			return errors.New(trace)
		}
		return nil
	},

	// Which is all that a scanner has to go by.
	"modules-are-recorded": func() error {
		info, ok := debug.ReadBuildInfo()
		if !ok {
			return errors.New("no build information")
		}
		return errors.Join(
			expect(info.Main.Path, "example.com/my-app"),
			expect(strings.HasPrefix(info.GoVersion, "go1."), true),
		)
	},
}

// What is no fact of every image: the server's health check, what one flavor has, and what is wrong.
var others = map[string]func() error{
	"server-listens": func() error {
		connection, err := net.Dial("tcp", "127.0.0.1:4443")
		if err == nil {
			connection.Close()
		}
		return err
	},
	// For an image whose own authorities vouch for the server.
	"tls-without-settings": func() error {
		_, err := get(nil)
		return err
	},
	"time-zone-database": func() error {
		_, err := os.Stat("/usr/share/zoneinfo/Europe/Zurich")
		return err
	},
	"that-fails": func() error { return expect(6, 7) },
}

// get asks the server, and returns the version of TLS that was spoken.
func get(roots *x509.CertPool) (uint16, error) {
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		Timeout:   10 * time.Second,
	}
	response, err := client.Get("https://" + address)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.TLS.Version, expect(response.StatusCode, http.StatusOK)
}

func expect[T comparable](seen, expected T) error {
	if seen != expected {
		return fmt.Errorf("%v instead of %v", seen, expected)
	}
	return nil
}

func init() {
	if len(os.Args) == 1 {
		go func() {
			answer := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
			err := http.ListenAndServeTLS(":4443", "/facts/server.pem", "/facts/server.key", answer)
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}()
	}
	if len(os.Args) == 3 && os.Args[1] == "fact" {
		maps.Copy(facts, others)
		if err := facts[os.Args[2]](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}
