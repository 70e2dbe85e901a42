package main

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// roots is Mozilla's list of certificate authorities, as the Go project publishes it; go.sum pins its version.
//
// The controller in a Pod trusts the CA of its service account and needs none of these. They are for a kubeconfig of an API
// server whose certificate a public authority has signed. An authority that Mozilla trusts with conditions is left out: a PEM
// file can't say the conditions.
func roots() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			// a bytes.Buffer takes all
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return out.Bytes()
}
