// The two programs of Argo CD that sync an Application, as Argo CD has them, and the cache between the two:
//
//	argocd application-controller FLAGS…   compares, syncs, and writes the status of Applications
//	argocd repo-server FLAGS…              reads manifests out of Git
//	argocd redis ADDRESS                   a Redis in memory: Argo CD's own programs for the command line use the same one
//
// Argo CD's own main package also has the API server with its web pages, which no test needs.
package main

import (
	"fmt"
	"os"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"

	// As in Argo CD's main.go: how clients log in to the API server.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
)

func main() {
	redis := &cobra.Command{Use: "redis ADDRESS", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		if err := miniredis.NewMiniRedis().StartAddr(args[0]); err != nil {
			return fmt.Errorf("failed to listen on %s: %w", args[0], err)
		}
		select {}
	}}
	all := &cobra.Command{Use: "argocd", SilenceUsage: true}
	for use, command := range map[string]*cobra.Command{
		"application-controller": controller.NewCommand(), "repo-server": reposerver.NewCommand(), redis.Use: redis,
	} {
		command.Use = use
		all.AddCommand(command)
	}
	if all.Execute() != nil {
		os.Exit(1)
	}
}
