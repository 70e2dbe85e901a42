// What do the tools say of an object? Their own libraries are asked: kstatus (Helm, Flux, kpt), the CEL of Flux, the Lua of
// Argo CD.
//
// An object of JSON a line on stdin, an answer of JSON a line on stdout. The first argument says what is asked, the second
// is the folder contrib/ of the project, which has the files that users give to these tools:
//
//	judge CONTRIB           {"kstatus", "helm", "flux", "argocd", "actions"}
//	act CONTRIB ACTION      what Argo CD does for an action: [{"operation", "resource"}]
//	cases CONTRIB           no input: Argo CD's own tests beside the scripts; a line for each that fails
//	k9s CONTRIB SCHEMAS     no input: the files of k9s against its schemas; a line for each that does not match
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// answers gives what is asked by that word.
type answers func(*unstructured.Unstructured) (any, error)

func main() {
	if len(os.Args) < 3 {
		check("read the arguments", fmt.Errorf("usage: tools judge|act|cases|k9s CONTRIB [ACTION|SCHEMAS]"))
	}
	contrib := os.Args[2]
	argocd := customizations(filepath.Join(contrib, "argocd", "resource_customizations"))
	switch os.Args[1] {
	case "judge":
		judge, err := newJudge(contrib, argocd)
		check("read contrib/", err)
		answerAll(judge.of)
	case "act":
		answerAll(func(object *unstructured.Unstructured) (any, error) { return argocd.act(object, os.Args[3]) })
	case "cases":
		failed, err := argocd.cases()
		check("read the tests of the customizations", err)
		for _, line := range failed {
			fmt.Println(line)
		}
	case "k9s":
		unfit, err := k9s(filepath.Join(contrib, "k9s"), os.Args[3])
		check("read the files of k9s", err)
		for _, line := range unfit {
			fmt.Println(line)
		}
	default:
		check("read the arguments", fmt.Errorf("unknown question %q", os.Args[1]))
	}
}

func answerAll(answer answers) {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		object := &unstructured.Unstructured{}
		check("read an object", object.UnmarshalJSON(in.Bytes()))
		said, err := answer(object)
		check("ask about "+in.Text(), err)
		line, err := json.Marshal(said)
		check("write an answer", err)
		_, err = out.Write(append(line, '\n'))
		check("write an answer", err)
	}
	check("read the objects", in.Err())
	check("write the answers", out.Flush())
}

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "tools: failed to %s: %v\n", what, err)
		os.Exit(1)
	}
}
