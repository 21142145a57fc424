"""The shared representation: residual networks in float64 and in exact integers."""

from tetrakis.network._arrays import frozen_csr as frozen_csr
from tetrakis.network._build import add as add
from tetrakis.network._build import compose as compose
from tetrakis.network._build import dense as dense
from tetrakis.network._build import from_layers as from_layers
from tetrakis.network._build import parallel_units as parallel_units
from tetrakis.network._common import common_exponent as common_exponent
from tetrakis.network._files import load_network as load_network
from tetrakis.network._files import save_network as save_network
from tetrakis.network._fixed import FixedPointResNet as FixedPointResNet
from tetrakis.network._fixed_block import UNBOUNDED as UNBOUNDED
from tetrakis.network._fixed_block import FixedPointBlock as FixedPointBlock
from tetrakis.network._fixed_block import FixedPointFormat as FixedPointFormat
from tetrakis.network._input_words import input_words as input_words
from tetrakis.network._integer_json import read_integer_network as read_integer_network
from tetrakis.network._ranges import Ranges as Ranges
from tetrakis.network._read_onnx import read_onnx as read_onnx
from tetrakis.network._resnet import Block as Block
from tetrakis.network._resnet import ResNet as ResNet
from tetrakis.network._stream import StreamBuilder as StreamBuilder
from tetrakis.network._table_arithmetic import without_tables as without_tables
from tetrakis.network._table_block import MOST_PINS as MOST_PINS
from tetrakis.network._table_block import TableBlock as TableBlock
