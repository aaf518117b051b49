package mpi

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const (
	keyType = "ssh-ed25519"
	magic   = "openssh-key-v1\x00"
	// block is what the private part of an unencrypted key is padded to.
	block = 8
)

// keyPair is an Ed25519 key pair as OpenSSH reads it.
type keyPair struct {
	private []byte // the content of a key file
	public  string // one line, without options and comment
}

func newKeyPair() (keyPair, error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("make a key: %w", err)
	}
	var check [4]byte
	if _, err := rand.Read(check[:]); err != nil {
		return keyPair{}, fmt.Errorf("make a key: %w", err)
	}
	return keyPair{private: marshal(pub, priv, binary.BigEndian.Uint32(check[:])), public: publicLine(pub)}, nil
}

func publicLine(pub ed25519.PublicKey) string {
	return keyType + " " + base64.StdEncoding.EncodeToString(publicBlob(pub))
}

func publicBlob(pub ed25519.PublicKey) []byte {
	return appendString(appendString(nil, []byte(keyType)), pub)
}

// marshal writes a private key in OpenSSH's own format, which its PROTOCOL.key
// describes; no other is read for Ed25519 by all versions in use. The check
// number stands twice, to tell a wrong passphrase.
func marshal(pub ed25519.PublicKey, priv ed25519.PrivateKey, check uint32) []byte {
	var secret []byte
	secret = binary.BigEndian.AppendUint32(secret, check)
	secret = binary.BigEndian.AppendUint32(secret, check)
	secret = appendString(secret, []byte(keyType))
	secret = appendString(secret, pub)
	secret = appendString(secret, priv)
	secret = appendString(secret, nil) // comment
	for pad := byte(1); len(secret)%block != 0; pad++ {
		secret = append(secret, pad)
	}
	out := []byte(magic)
	out = appendString(out, []byte("none")) // cipher
	out = appendString(out, []byte("none")) // key derivation
	out = appendString(out, nil)            // its options
	out = binary.BigEndian.AppendUint32(out, 1)
	out = appendString(out, publicBlob(pub))
	out = appendString(out, secret)
	return pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: out})
}

// appendString appends what SSH calls a string: its length, and its bytes.
func appendString(to, s []byte) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(s)))
	return append(to, s...)
}

// checkPublic refuses everything but one Ed25519 key without options: what
// comes from another pod goes into files that grant access.
func checkPublic(line string) error {
	kind, text, _ := strings.Cut(line, " ")
	blob, err := base64.StdEncoding.Strict().DecodeString(text)
	want := len(publicBlob(make(ed25519.PublicKey, ed25519.PublicKeySize)))
	if kind != keyType || err != nil || len(blob) != want || line != publicLine(blob[want-ed25519.PublicKeySize:]) {
		return errors.New("the answer is not an Ed25519 public key")
	}
	return nil
}
