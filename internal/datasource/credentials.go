package datasource

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// CredentialsSpec is where the secrets of a source are. It holds none itself, so that
// a spec can be shown.
type CredentialsSpec struct {
	// User is a name; it is not secret.
	User string `json:"user,omitempty"`
	// PasswordEnv and PasswordFile name a variable of the environment or a file,
	// such as a mounted Secret, with the password.
	PasswordEnv  string `json:"passwordEnv,omitempty"`
	PasswordFile string `json:"passwordFile,omitempty"`
	// TokenEnv and TokenFile name the same of a bearer token, for HTTP.
	TokenEnv  string `json:"tokenEnv,omitempty"`
	TokenFile string `json:"tokenFile,omitempty"`
	// CAFile is a file of certificates to trust besides the system's.
	CAFile string `json:"caFile,omitempty"`
}

func (c CredentialsSpec) validate() error {
	if c.PasswordEnv != "" && c.PasswordFile != "" {
		return errors.New("credentials.passwordEnv and passwordFile are both set: keep one")
	}
	if c.TokenEnv != "" && c.TokenFile != "" {
		return errors.New("credentials.tokenEnv and tokenFile are both set: keep one")
	}
	return nil
}

// password is the secret itself, or empty where none is named.
func (c CredentialsSpec) password() (string, error) {
	return secret("password", c.PasswordEnv, c.PasswordFile)
}

func (c CredentialsSpec) token() (string, error) {
	return secret("token", c.TokenEnv, c.TokenFile)
}

// secret never quotes what it reads.
func secret(what, variable, file string) (string, error) {
	switch {
	case variable != "":
		value, set := os.LookupEnv(variable)
		if !set {
			return "", fmt.Errorf("credentials.%sEnv names %s, which is not set: set it, or name another", what, variable)
		}
		return value, nil
	case file != "":
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read credentials.%sFile: %w", what, err)
		}
		return strings.TrimRight(string(content), "\r\n"), nil
	}
	return "", nil
}
