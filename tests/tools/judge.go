package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	helm "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kstatus "sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

// A judgement is what each tool says of one object.
type judgement struct {
	// Kstatus is the original library.
	Kstatus string `json:"kstatus"`
	// Helm is the fork of it that Helm and Flux have.
	Helm string `json:"helm"`
	// Flux is what contrib/flux says.
	Flux string `json:"flux"`
	// ArgoCD is the health that contrib/argocd says, and Message what people read beside it.
	ArgoCD  string   `json:"argocd"`
	Message string   `json:"message"`
	Actions []string `json:"actions"`
}

type judge struct {
	argocd customizations
	// By kind.
	flux map[string]*cel.StatusEvaluator
}

func newJudge(contrib string, argocd customizations) (*judge, error) {
	path := filepath.Join(contrib, "flux", "health-checks.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// The part of a Kustomization that the file is for.
	var patch struct {
		Spec struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	if err := yaml.UnmarshalStrict(text, &patch); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	flux := map[string]*cel.StatusEvaluator{}
	for _, check := range patch.Spec.HealthCheckExprs {
		flux[check.Kind], err = cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, check.Kind, err)
		}
	}
	return &judge{argocd: argocd, flux: flux}, nil
}

func (j *judge) of(object *unstructured.Unstructured) (any, error) {
	original, err := kstatus.Compute(object)
	if err != nil {
		return nil, fmt.Errorf("kstatus: %w", err)
	}
	fork, err := helm.Compute(object)
	if err != nil {
		return nil, fmt.Errorf("kstatus of Helm and Flux: %w", err)
	}
	evaluator, ok := j.flux[object.GetKind()]
	if !ok {
		return nil, fmt.Errorf("contrib/flux has no expressions for %s", object.GetKind())
	}
	flux, err := evaluator.Evaluate(context.Background(), object)
	if err != nil {
		return nil, fmt.Errorf("CEL of Flux: %w", err)
	}
	health, err := j.argocd.health(object)
	if err != nil {
		return nil, fmt.Errorf("health check of Argo CD: %w", err)
	}
	actions, err := j.argocd.actions(object)
	if err != nil {
		return nil, fmt.Errorf("actions of Argo CD: %w", err)
	}
	return judgement{
		Kstatus: original.Status.String(), Helm: fork.Status.String(), Flux: flux.Status.String(),
		ArgoCD: health.Status, Message: health.Message, Actions: actions,
	}, nil
}
