// Checklog checks a Guildhall's log with Go's own note and tlog packages, and nothing of Guildhall's.
//
//	checklog log VKEY LOG                      every entry and tile under the newest checkpoint
//	checklog proof VKEY PROOF LEAF             an entry and its tlog-proof
//	checklog growth VKEY OLD LOG [PROOF]       the log continues the checkpoint in the file OLD
//
// LOG is the log's address (https://guildhall.example/log) or a folder with a copy of its files.
package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height  = 8 // of a tile: 256 hashes
	largest = 256 * (2 + 65535)
)

type head struct {
	size int64
	root tlog.Hash
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "checklog:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "log":
		return checkLog(args[1], args[2])
	case len(args) == 4 && args[0] == "proof":
		return checkProof(args[1], args[2], args[3])
	case (len(args) == 4 || len(args) == 5) && args[0] == "growth":
		return checkGrowth(args[1], args[2], args[3], args[4:])
	}
	return errors.New("write: log VKEY LOG, proof VKEY PROOF LEAF, or growth VKEY OLD LOG [PROOF]")
}

// openHead reads a checkpoint, if the key signed it.
func openHead(vkey string, text []byte) (head, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return head{}, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return head{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return head{}, errors.New("the checkpoint is not of the log that the key names")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return head{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return head{size, root}, err
}

func checkLog(vkey, log string) error {
	newest, hashes, err := readLog(vkey, log)
	if err != nil {
		return err
	}
	for start := int64(0); start < newest.size; start += 256 {
		width := min(256, newest.size-start)
		bundle, err := fetch(log, strings.Replace(tilePath(tlog.Tile{H: height, N: start / 256, W: int(width)}), "tile/0/", "tile/entries/", 1))
		if err != nil {
			return err
		}
		if err := checkBundle(bundle, start, width, hashes); err != nil {
			return err
		}
	}
	root, err := tlog.TreeHash(newest.size, hashes)
	if err != nil {
		return err
	}
	if root != newest.root {
		return errors.New("the tiles are not those of the checkpoint")
	}
	fmt.Printf("%d entries are what was signed: %v\n", newest.size, newest.root)
	return nil
}

func checkBundle(bundle []byte, start, width int64, hashes tlog.HashReader) error {
	indexes := make([]int64, width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
	}
	wanted, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, hash := range wanted {
		if len(bundle) < 2 {
			return fmt.Errorf("the bundle ends before entry %d", start+int64(i))
		}
		end := 2 + int(bundle[0])<<8 + int(bundle[1])
		if len(bundle) < end {
			return fmt.Errorf("the bundle ends in entry %d", start+int64(i))
		}
		if tlog.RecordHash(bundle[2:end]) != hash {
			return fmt.Errorf("entry %d is not what was signed", start+int64(i))
		}
		bundle = bundle[end:]
	}
	if len(bundle) > 0 {
		return fmt.Errorf("something follows entry %d", start+width-1)
	}
	return nil
}

func checkProof(vkey, proofFile, leafFile string) error {
	text, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	leaf, err := os.ReadFile(leafFile)
	if err != nil {
		return err
	}
	above, checkpoint, _ := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(above), "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	steps, err := parseHashes(lines[2:])
	if err != nil {
		return err
	}
	signed, err := openHead(vkey, checkpoint)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(steps, signed.size, signed.root, index, tlog.RecordHash(leaf)); err != nil {
		return err
	}
	fmt.Printf("entry %d of %d is this one\n", index, signed.size)
	return nil
}

func checkGrowth(vkey, oldFile, log string, given []string) error {
	text, err := os.ReadFile(oldFile)
	if err != nil {
		return err
	}
	old, err := openHead(vkey, text)
	if err != nil {
		return err
	}
	newest, hashes, err := readLog(vkey, log)
	if err != nil {
		return err
	}
	proof, err := growthProof(newest, old, hashes, given)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, newest.size, newest.root, old.size, old.root); err != nil {
		return err
	}
	fmt.Printf("the log of %d entries continues the one of %d\n", newest.size, old.size)
	return nil
}

// growthProof is the one in the file, or one made from the log's tiles.
func growthProof(newest, old head, hashes tlog.HashReader, given []string) (tlog.TreeProof, error) {
	if len(given) == 0 {
		return tlog.ProveTree(newest.size, old.size, hashes)
	}
	text, err := os.ReadFile(given[0])
	if err != nil {
		return nil, err
	}
	return parseHashes(strings.Fields(string(text)))
}

func readLog(vkey, log string) (head, tlog.HashReader, error) {
	text, err := fetch(log, "checkpoint")
	if err != nil {
		return head{}, nil, err
	}
	newest, err := openHead(vkey, text)
	if err != nil {
		return head{}, nil, err
	}
	tree := tlog.Tree{N: newest.size, Hash: newest.root}
	return newest, tlog.TileHashReader(tree, tiles(log)), nil
}

// tiles reads a log's tiles; TileHashReader checks each against the signed root before it is used.
type tiles string

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := fetch(string(t), tilePath(tile))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// tilePath is Go's path without the height, which C2SP leaves out.
func tilePath(tile tlog.Tile) string {
	tile.H = height
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

func fetch(log, name string) ([]byte, error) {
	if !strings.HasPrefix(log, "http://") && !strings.HasPrefix(log, "https://") {
		return os.ReadFile(filepath.Join(log, filepath.FromSlash(name)))
	}
	answer, err := http.Get(strings.TrimSuffix(log, "/") + "/" + name)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", name, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, largest))
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, line := range lines {
		value, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(value) != tlog.HashSize {
			return nil, errors.New("a step of the proof is no hash")
		}
		found = append(found, tlog.Hash(value))
	}
	return found, nil
}
