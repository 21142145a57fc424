"""Tables of data: readers for CSV, TSV, Parquet, Espresso PLA and built-in data sets."""

from tetrakis.datasets._builtin import BUILTIN as BUILTIN
from tetrakis.datasets._pla import read_pla as read_pla
from tetrakis.datasets._read import read_table as read_table
from tetrakis.datasets._stack import stack_tables as stack_tables
from tetrakis.datasets._table import Column as Column
from tetrakis.datasets._table import Table as Table
from tetrakis.datasets._table import missing_column as missing_column
from tetrakis.datasets._table import number_text as number_text
from tetrakis.datasets._table import table_from_arrays as table_from_arrays
from tetrakis.datasets._target import check_target as check_target
from tetrakis.datasets._target import class_labels as class_labels
from tetrakis.datasets._target import detect_task as detect_task
